"""The language server: `dsl.assist` spoken to editors (Language Server Protocol 3.17).

Knows no command line; needs the extra `lsp` (pygls).
"""
