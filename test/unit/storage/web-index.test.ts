import { describe, expect, it } from 'vitest';
import { namesOfIndex } from '../../../src/storage/web-index.ts';

const page = 'https://backups.example.com/pg/main/';

describe('an index page', () => {
  it('of nginx names files and folders', () => {
    const html = `<html><head><title>Index of /pg/main/</title></head><body>
<h1>Index of /pg/main/</h1><hr><pre><a href="../">../</a>
<a href="20260102T030405/">20260102T030405/</a>       02-Jan-2026 03:04       -
<a href="a%20b%26c.tar">a b&amp;c.tar</a>             02-Jan-2026 03:04    1234
<a href="base.tar.gz">base.tar.gz</a></pre></body></html>`;
    expect(namesOfIndex(html, page)).toEqual(['20260102T030405/', 'a b&c.tar', 'base.tar.gz']);
  });

  it('of Apache names them without the sortings and the parent', () => {
    const html = `<table><tr><th><a href="?C=N;O=D">Name</a></th></tr>
<tr><td><img src="/icons/back.gif"></td><td><a href="/pg/">Parent Directory</a></td></tr>
<tr><td><A class='x' HREF='base.tar'>base.tar</A></td></tr>
<tr><td><a href=/pg/main/wals/>wals/</a></td></tr></table>`;
    expect(namesOfIndex(html, page)).toEqual(['base.tar', 'wals/']);
  });

  it.each([
    'https://elsewhere.example.com/pg/main/x',
    '/pg/other/x',
    'deep/er/x',
    'x#part',
    '.',
    '',
    'javascript:void(0)',
    '%zz',
  ])('does not take %j for a name in the folder', (href) => {
    expect(namesOfIndex(`<a href="${href}">x</a>`, page)).toEqual([]);
  });
});
