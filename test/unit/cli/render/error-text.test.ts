import { expect, it } from 'vitest';
import { errorText } from '../../../../src/cli/render/error-text.ts';
import { toErrorData } from '../../../../src/errors/serialize.ts';
import { recoveryFailed } from '../../../../src/steps/recovery-failure.ts';

it('explains why a recovery failed, at 80 columns', () => {
  const tail = [
    'LOG:  redo starts at 0/2000028',
    'LOG:  incorrect resource manager data checksum in record at 0/5000060',
    'FATAL:  recovery ended before configured recovery target was reached',
    'LOG:  database system is shut down',
  ];
  const error = toErrorData(recoveryFailed('The server ended before it was promoted', { tail }));
  expect(errorText(error, { width: 79, withStack: false }).join('\n')).toBe(`\
odo: The server ended before it was promoted: recovery ended before configured
     recovery target was reached.
     cause:       A WAL record is damaged.
     as it said:  incorrect resource manager data checksum in record at
                  0/5000060
     consequence: The database was not promoted; everything up to the end of
                  the WAL is replayed.
     last lines of the server log:
       LOG:  redo starts at 0/2000028
       LOG:  incorrect resource manager data checksum in record at 0/5000060
       FATAL:  recovery ended before configured recovery target was reached
       LOG:  database system is shut down
hint: Upload that segment again from the source, or choose a target before the
      position in the line.`);
});
