/** Loaded into odo by next-boot.ts. What the kernel says cannot be changed for one process without a mount of its own. */
import fs from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import { bootIdFile } from '../../../src/target/boot-id.ts';

const { readFileSync } = fs;
fs.readFileSync = ((...args: Parameters<typeof readFileSync>) =>
  args[0] === bootIdFile ? `${process.env['TEST_BOOT_ID']}\n` : readFileSync(...args)) as typeof readFileSync;
syncBuiltinESMExports();
