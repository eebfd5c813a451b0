-- The language server of ATP detections, for Neovim 0.11 and later: put this file into `lsp/` of
-- your configuration and write `vim.lsp.enable("atp")` in init.lua.
--
-- It starts in YAML files below a folder named `detections`, once for each such folder.
return {
  cmd = { "atp", "lsp" },
  filetypes = { "yaml" },
  root_dir = function(buffer, start)
    local name = vim.api.nvim_buf_get_name(buffer)
    local before = name:match("^(.*)/detections/")
    if before then
      start(before)
    end
  end,
}
