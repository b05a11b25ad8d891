/** Child of s3-server.ts: prints its port, serves until its parent goes. */
import { mkdirSync } from 'node:fs';
import { createS3rver } from './s3rver.ts';

const directory = process.env.S3_STORAGE;
if (directory === undefined) throw new Error('S3_STORAGE is not set');
mkdirSync(directory, { recursive: true });
const buckets = (process.env.S3_BUCKETS ?? '').split(',').filter((name) => name !== '');
const { port } = await createS3rver({ directory, port: Number(process.env.S3_PORT ?? '0'), buckets }).run();
process.stdout.write(`${port}\n`);
process.stdin.on('end', () => process.exit(0)).resume();
