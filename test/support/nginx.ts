import { spawn } from 'node:child_process';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { waitUntil } from '../lab/wait-until.ts';
import { freePort, isListening } from './free-port.ts';

export interface Nginx extends AsyncDisposable {
  /** With a slash at the end. */
  readonly url: string;
}

/** Debian's nginx on a free port, serving `root`; `directory` is where it keeps its files. */
export async function startNginx(options: {
  directory: string;
  root: string;
  /** More directives of the server block. */
  server?: readonly string[];
}): Promise<Nginx> {
  const { directory, root, server = ['autoindex on;'] } = options;
  const port = await freePort();
  await mkdir(directory, { recursive: true });
  const at = (name: string) => join(directory, name);
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map(
    (name) => `${name}_temp_path ${at(name)};`,
  );
  await writeFile(
    at('nginx.conf'),
    [
      'daemon off;',
      'worker_processes 1;',
      ...(process.getuid?.() === 0 ? ['user root;'] : []),
      `pid ${at('nginx.pid')};`,
      `error_log ${at('error.log')};`,
      'events { worker_connections 256; }',
      'http {',
      ...temporary,
      '  access_log off;',
      '  default_type application/octet-stream;',
      `  server { listen 127.0.0.1:${port}; root ${root};`,
      ...server,
      '  }',
      '}',
      '',
    ].join('\n'),
  );
  const child = spawn('/usr/sbin/nginx', ['-p', directory, '-c', at('nginx.conf')], { stdio: 'ignore' });
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  await waitUntil('nginx listens', () => isListening(port));
  return {
    url: `http://127.0.0.1:${port}/`,
    async [Symbol.asyncDispose]() {
      child.kill('SIGTERM');
      await ended;
    },
  };
}
