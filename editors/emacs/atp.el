;;; atp.el --- Detections of ATP: language server and colours  -*- lexical-binding: t; -*-

;; SPDX-License-Identifier: Apache-2.0
;; Package-Requires: ((emacs "29.1"))

;;; Commentary:

;; Put this file into your `load-path' and write (require 'atp).  YAML files below a folder named
;; `detections' are opened in `atp-mode': YAML with colours for the `detect' block, and `eglot'
;; with the server `atp lsp'.

;;; Code:

(require 'eglot)

(defgroup atp nil "Detections of ATP." :group 'languages)

(defcustom atp-command '("atp" "lsp")
  "The language server and its arguments."
  :type '(repeat string))

(defconst atp--parent (if (require 'yaml-mode nil t) 'yaml-mode 'text-mode)
  "Mode for the YAML around the block.")

(defconst atp--keywords
  `((,(regexp-opt '("absence" "alert" "join" "match" "model" "profile" "score" "sequence" "union"
                    "window")
                  'symbols)
     . font-lock-keyword-face)
    (,(regexp-opt '("after" "and" "around" "as" "before" "bucket" "by" "case" "cidr" "compute"
                    "confidence" "contains" "dedup" "else" "endswith" "except" "following" "has"
                    "having" "in" "is" "keep" "learn" "let" "like" "matches" "not" "of" "on"
                    "optional" "or" "over" "peers" "preceding" "ready" "session" "severity"
                    "sliding" "startswith" "then" "tumbling" "using" "when" "where" "with"
                    "within")
                  'symbols)
     . font-lock-builtin-face)
    ("[$@][[:alpha:]_][[:alnum:]_]*" . font-lock-constant-face)
    ("^[ \t]+\\([[:alpha:]_][[:alnum:]_]*\\)[ \t]*=[^=]" 1 font-lock-variable-name-face))
  "Colours of the words in a `detect' block.")

(defun atp--in-block-p ()
  "Whether point is in the block `detect'."
  (save-excursion
    (beginning-of-line)
    (and (looking-at-p "[ \t]")
         (re-search-backward "^[^ \t\n#]" nil t)
         (looking-at-p "detect:[ \t]*|"))))

(defun atp--matcher (pattern)
  "A function that finds PATTERN in the block only."
  (lambda (limit)
    (let (found)
      (while (and (not found) (re-search-forward pattern limit t))
        (setq found (save-match-data (atp--in-block-p))))
      found)))

;;;###autoload
(eval `(define-derived-mode atp-mode ,atp--parent "ATP"
         "YAML of a detection, with its block."
         (font-lock-add-keywords
          nil
          (mapcar (lambda (k) (cons (atp--matcher (car k)) (cdr k))) atp--keywords))
         (eglot-ensure)))

;;;###autoload
(add-to-list 'auto-mode-alist '("/detections/.*\\.yaml\\'" . atp-mode))

(add-to-list 'eglot-server-programs (cons 'atp-mode (lambda (&rest _) atp-command)))

(provide 'atp)
;;; atp.el ends here
