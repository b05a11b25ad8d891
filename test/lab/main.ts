/** `npm run lab`: brings the lab up and says what is in it. */

import { type FixtureName, fixtureList } from './fixture-list.ts';
import { fixture } from './fixtures.ts';
import { bringUpLab } from './lab.ts';
import { labDir } from './lab-dir.ts';

await bringUpLab();
console.log(`The lab is up. Directory: ${labDir}`);
for (const name of Object.keys(fixtureList) as FixtureName[]) {
  if (name.endsWith('-large')) continue;
  const { url, storageDir } = await fixture(name);
  console.log(`${name.padEnd(26)} ${url.padEnd(36)} ${storageDir}`);
}
