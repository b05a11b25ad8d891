import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { S3Policy } from './s3-policy.ts';

/** The policy of a page, for this bucket and prefix. */
export function documentedPolicy(bucket: string, prefix: string, name = 'sources.md'): S3Policy {
  const page = readFileSync(join(import.meta.dirname, '../../docs', name), 'utf8');
  const text = /```json\n(\{\n {2}"Version".*?)```/s.exec(page)?.[1];
  if (text === undefined) throw new Error(`docs/${name} has no policy`);
  return JSON.parse(text.replaceAll('BUCKET', bucket).replaceAll('PREFIX', prefix)) as S3Policy;
}

/** The same without one of its actions. */
export const without = (policy: S3Policy, action: string): S3Policy => ({
  ...policy,
  Statement: policy.Statement.filter((statement) => statement.Action !== action),
});
