import { expect, test } from 'vitest';
import { recoveryFailed } from '../../../src/steps/recovery-failure.ts';

const codeOf = (...tail: string[]) => recoveryFailed('It ended', { tail }).code;

test.for([
  'FATAL:  recovery ended before configured recovery target was reached',
  'FATAL:  could not locate required checkpoint record at 0/2000060',
  'PANIC:  invalid page in block 7 of relation base/5/16384',
  'LOG:  startup process (PID 7) was terminated by signal 11: Segmentation fault',
])('speaks against the backup: %s', (line) => {
  expect(codeOf('LOG:  redo starts at 0/2000028', line)).toBe('RECOVERY_FAILED');
});

test.for([
  'FATAL:  could not write to file "pg_wal/xlogtemp.1": No space left on device',
  'FATAL:  could not restore file "000000010000000000000003" from archive: child process exited with exit code 255',
  'FATAL:  could not map anonymous shared memory: Cannot allocate memory',
  'LOG:  startup process (PID 7) was terminated by signal 9: Killed',
  'LOG:  restored log file "000000010000000000000002" from archive',
])('says nothing about the backup: %s', (line) => {
  expect(codeOf('LOG:  redo starts at 0/2000028', line)).toBe('STEP_FAILED');
});
