/** The machine, for whoever compares figures of two. */
import { readFileSync } from 'node:fs';
import { cpus, release, totalmem } from 'node:os';
import { run } from '../../test/lab/run-command.ts';
import { benchDir } from './bench-dir.ts';

export async function machineFacts(): Promise<[name: string, value: string][]> {
  const [processor] = cpus();
  const mount = (await run('findmnt', ['-no', 'SOURCE,FSTYPE,OPTIONS', '-T', benchDir])).replace(/\s+/g, ' ');
  const system = /^PRETTY_NAME="(.*)"$/m.exec(readFileSync('/etc/os-release', 'utf8'))?.[1] ?? '';
  return [
    ['processor', `${cpus().length} x ${processor?.model ?? 'unknown'}`],
    ['memory', `${(totalmem() / 2 ** 30).toFixed(1)} GiB`],
    ['disk', mount],
    ['system', `${system}, Linux ${release()}`],
  ];
}
