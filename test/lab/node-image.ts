import { createHash } from 'node:crypto';
import { copyFile, cp, mkdtemp, realpath, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { baseImage, buildImage, recipeOf } from './images.ts';
import { labPath } from './lab-dir.ts';
import { run } from './run-command.ts';
import { say } from './say.ts';

export const nodeImage = 'odo-lab/node:24';

/**
 * Stands in for `node:24-bookworm-slim`, which no registry gives here: Debian 12 without PostgreSQL, the Node that runs
 * this, and this machine's npm and certificates. `npm ci` inside it asks whom npm asks outside.
 */
export async function ensureNodeImage(): Promise<void> {
  await buildImage(15);
  const registry = await run('npm', ['config', 'get', 'registry']);
  const dockerfile = `FROM ${baseImage(15)}
RUN apt-get purge -y 'postgresql*' barman-cli-cloud && apt-get autoremove -y && userdel postgres && rm -rf /var/lib/postgresql
COPY node /usr/local/bin/
COPY npm /usr/local/lib/node_modules/npm
COPY ca-certificates.crt /etc/ssl/certs/
RUN ln -s ../lib/node_modules/npm/bin/npm-cli.js /usr/local/bin/npm
ENV NODE_EXTRA_CA_CERTS=/etc/ssl/certs/ca-certificates.crt NPM_CONFIG_REGISTRY=${registry}
`;
  const recipe = createHash('sha256').update(`${dockerfile}${process.version}`).digest('hex').slice(0, 16);
  if ((await recipeOf(nodeImage)) === recipe) return;

  say(`building ${nodeImage}`);
  const context = await mkdtemp(join(labPath(), 'image-'));
  const npmCli = await realpath(await run('sh', ['-c', 'command -v npm']));
  await copyFile(process.execPath, join(context, 'node'));
  await cp(dirname(dirname(npmCli)), join(context, 'npm'), { recursive: true, verbatimSymlinks: true });
  await copyFile('/etc/ssl/certs/ca-certificates.crt', join(context, 'ca-certificates.crt'));
  await writeFile(join(context, 'Dockerfile'), `${dockerfile}LABEL odo-lab.recipe=${recipe}\n`);
  await run('docker', ['build', '-q', '-t', nodeImage, context], { env: { DOCKER_BUILDKIT: '0' } });
  await rm(context, { recursive: true });
}
