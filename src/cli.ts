#!/usr/bin/env node
// First of all: overwrites the argument area that `ps` shows, so that a secret given as a flag is not seen for long.
const commands = ['start', 'resume', 'status', 'backup', 'backups', 'plan', 'promote'];
const [command = ''] = process.argv.slice(2);
process.title = commands.includes(command) ? `odo ${command}` : 'odo';

// The rest does not even load on an older Node; this file must.
if (Number(process.versions.node.split('.')[0]) < 24) {
  process.stderr.write(`odo: needs Node.js 24 or later; this is ${process.version}.\n`);
  process.exitCode = 2;
} else {
  if (command === 'backup') {
    // The thread pool compresses; it is made at its first use, with as many threads as this says.
    const { availableParallelism } = await import('node:os');
    process.env.UV_THREADPOOL_SIZE ??= String(Math.max(4, availableParallelism()));
  }
  const { main } = await import('./cli/main.ts');
  // With 16 MiB by now, the young generation of V8's heap is as large as it need be: what odo makes is soon forgotten.
  // Left alone it grows to 128 MiB, which makes nothing faster.
  const { setFlagsFromString } = await import('node:v8');
  setFlagsFromString('--semi-space-growth-factor=1');
  process.exitCode = await main(process.argv.slice(2));
}

export {};
