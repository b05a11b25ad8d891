import { pathToFileURL } from 'node:url';

/** Environment in which odo finds itself in a machine that was started anew: the boot has another id. */
export const nextBoot = (): Readonly<Record<string, string>> => ({
  NODE_OPTIONS: `--import=${pathToFileURL(`${import.meta.dirname}/other-boot-id.ts`).href}`,
  TEST_BOOT_ID: crypto.randomUUID(),
});
