"""The pages of the derived reference: one module a page, `lines(catalogue)` gives its Markdown."""
