import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { errorKinds } from '../../../src/errors/codes.ts';
import { deployFile } from '../../support/deploy-file.ts';

/** A bug (which may be of the moment), a failed step, a run that another odo still holds, and interruptions. */
const triedAgain = [1, 5, 11, 130];

const final = [...new Set(Object.values(errorKinds).map(({ exitCode }) => exitCode))]
  .filter((code) => !triedAgain.includes(code))
  .sort((a, b) => a - b);

test('systemd does not start again what would end the same way', async () => {
  const service = await deployFile('systemd/odo-drill.service');
  const [, codes = ''] = /^RestartPreventExitStatus=(.*)$/m.exec(service) ?? [];
  expect(codes.split(' ').map(Number)).toEqual(final);
});

test.for(['job.yaml', 'cronjob.yaml'])('nor does Kubernetes, by %s', async (name) => {
  const { spec } = parse(await deployFile(`kubernetes/${name}`));
  const { podFailurePolicy } = spec.jobTemplate?.spec ?? spec;
  const rule = podFailurePolicy.rules.find(({ action }: { action: string }) => action === 'FailJob');
  expect(rule.onExitCodes).toEqual({ containerName: 'odo', operator: 'In', values: final });
});
