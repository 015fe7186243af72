#!/usr/bin/env node
// Starts the binary of this machine, which an optional dependency has.
"use strict";

const { spawn } = require("node:child_process");

const packages = PACKAGES;

const name = packages[`${process.platform} ${process.arch}`];
if (!name) {
  console.error(`lockstep: there is no binary for ${process.platform} on ${process.arch}; there is one for ${Object.keys(packages).join(", ")}`);
  process.exit(2);
}

let program;
try {
  program = require.resolve(`${name}/bin/lockstep`);
} catch {
  console.error(
    `lockstep: the package ${name} is not installed: install without --omit=optional, and on a system with glibc where it is Linux`,
  );
  process.exit(2);
}

const child = spawn(program, process.argv.slice(2), { stdio: "inherit" });
child.on("error", (error) => {
  console.error(`lockstep: ${program} cannot be started: ${error.message}`);
  process.exit(2);
});
child.on("exit", (code, signal) => {
  for (const ended of signals) process.removeAllListeners(ended);
  if (signal) process.kill(process.pid, signal);
  else process.exit(code);
});

// The binary ends by itself, and says how the work stands. At a terminal Ctrl-C has reached it already.
const signals = ["SIGINT", "SIGTERM", "SIGHUP"];
for (const signal of signals) {
  process.on(signal, () => {
    if (signal !== "SIGINT" || !process.stdin.isTTY) child.kill(signal);
  });
}
