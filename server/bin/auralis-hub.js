#!/usr/bin/env node
// Nothing else is imported before the version is known: older Nodes end with a stack trace on the first new feature.
const [major, minor] = process.versions.node.split('.').map(Number);
if (major > 20 || (major === 20 && minor >= 19)) {
  import('../dist/cli.js')
    .then(({ main }) => main(process.argv))
    .then((code) => {
      process.exitCode = code;
    });
} else {
  process.stderr.write(
    `auralis-hub: Node ${process.versions.node} is too old: install Node 20.19 or later (22 is a good choice)\n`,
  );
  process.exitCode = 1;
}
