// Starts `atp lsp` for the YAML files of folders named `detections`, and stops it at the end.
"use strict";

const path = require("path");
const vscode = require("vscode");
const { LanguageClient } = require("vscode-languageclient/node");

let client;

function serverCommand() {
  const [program, ...args] = vscode.workspace.getConfiguration("atp").get("command");
  const folder = vscode.workspace.workspaceFolders?.[0]?.uri.fsPath;
  // a path is one of the open folder, a bare name is looked for on PATH
  const local = folder && /[\\/]/.test(program) && !path.isAbsolute(program);
  return { command: local ? path.join(folder, program) : program, args, options: { cwd: folder } };
}

async function start() {
  client = new LanguageClient("atp", "ATP detections", serverCommand(), {
    documentSelector: [{ language: "yaml", scheme: "file", pattern: "**/detections/**/*.yaml" }],
  });
  await client.start();
}

async function activate(context) {
  context.subscriptions.push(
    vscode.commands.registerCommand("atp.restart", async () => {
      await client?.stop();
      await start();
    }),
  );
  await start();
}

async function deactivate() {
  await client?.stop();
}

module.exports = { activate, deactivate };
