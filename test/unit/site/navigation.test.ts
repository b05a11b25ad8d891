import { existsSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { brokenLinks } from '../../../site/links.ts';
import { besideDocs, navigation, strayPages } from '../../../site/navigation.ts';
import { temporaryDirectory } from '../../support/temporary-directory.ts';

const root = join(import.meta.dirname, '../../..');
const docs = join(root, 'docs');

test('every page of docs/ is in a group of the navigation, and in one only', () => {
  expect(strayPages(docs)).toEqual([]);
  const pages = navigation(docs).flatMap((group) => Object.keys(group.pages));
  expect(pages.toSorted()).toEqual([...new Set(pages)].toSorted());
});

test('the pages beside docs/ are there', () => {
  expect(Object.values(besideDocs).filter((file) => !existsSync(join(root, file)))).toEqual([]);
});

test('a page without a group is found, and a group without its pages is left out', async () => {
  await using directory = await temporaryDirectory();
  await writeFile(join(directory.path, 'drills.md'), '# Drills\n');
  await writeFile(join(directory.path, 'odd.md'), '# Odd\n');
  expect(strayPages(directory.path)).toEqual(['odd']);
  expect(navigation(directory.path).map(({ title, pages }) => [title, Object.keys(pages)])).toEqual([
    ['Prove backups', ['drills']],
  ]);
});

test('a link to a file or a heading that is not there is broken, also below a folder of the server', async () => {
  await using directory = await temporaryDirectory();
  const links = (base: string) =>
    [
      '#here',
      `${base}b.html#there`,
      `${base}b.html#gone`,
      `${base}c.html`,
      `${base}#top`,
      'https://example.com/c',
    ]
      .map((address) => `<a href="${address}"></a>`)
      .join('');
  await writeFile(join(directory.path, 'a.html'), `<h2 id="here"></h2>${links('/')}`);
  await writeFile(join(directory.path, 'b.html'), '<h2 id="there"></h2>');
  await writeFile(join(directory.path, 'index.html'), '<h1 id="top"></h1>');
  const broken = ['b.html#gone', 'c.html'];
  expect(brokenLinks(directory.path)).toEqual(broken.map((link) => `a.html leads to /${link}`));
  await writeFile(join(directory.path, 'a.html'), `<h2 id="here"></h2>${links('/odo/')}`);
  expect(brokenLinks(directory.path, '/odo/')).toEqual(broken.map((link) => `a.html leads to /odo/${link}`));
});
