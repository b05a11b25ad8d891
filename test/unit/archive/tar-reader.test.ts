import { describe, expect, it } from 'vitest';
import { TarReader } from '../../../src/archive/tar-reader.ts';
import { numbersFrom } from './gzip-samples.ts';
import { endBlocks, member, paxRecord, readTar, signed } from './tar-samples.ts';

const paths = (tar: Buffer) => readTar(tar).map((entry) => entry.path);

describe('tar reader', () => {
  it('reads files, directories and symbolic links, and normalises their names', () => {
    const tar = Buffer.concat([
      member({ name: './', type: '5' }),
      member({ name: './PG_VERSION', content: '15\n' }),
      member({ name: 'base/', type: '5' }),
      member({ name: 'base//5/./1259', content: 'x'.repeat(1000) }),
      member({ name: 'pg_tblspc/16385', type: '2', linkName: '/srv/tablespace' }),
      member({ name: 'empty' }),
      endBlocks,
    ]);
    expect(readTar(tar)).toEqual([
      { path: '', kind: 'directory', content: '', linkTarget: null, nameIsExact: true },
      { path: 'PG_VERSION', kind: 'file', content: '15\n', linkTarget: null, nameIsExact: true },
      { path: 'base', kind: 'directory', content: '', linkTarget: null, nameIsExact: true },
      { path: 'base/5/1259', kind: 'file', content: 'x'.repeat(1000), linkTarget: null, nameIsExact: true },
      {
        path: 'pg_tblspc/16385',
        kind: 'link',
        content: '',
        linkTarget: '/srv/tablespace',
        nameIsExact: true,
      },
      { path: 'empty', kind: 'file', content: '', linkTarget: null, nameIsExact: true },
    ]);
  });

  it('applies pax records to the next member, global ones to all that follow', () => {
    const records = Buffer.concat([
      paxRecord('mtime', '1700000000.123456'),
      paxRecord('path', `base/${'langer-name-ä'.repeat(20)}`),
      paxRecord('uname', Buffer.from([0x66, 0xfc, 0x72])),
      paxRecord('size', '4'),
    ]);
    const tar = Buffer.concat([
      member({ name: 'g', type: 'g', content: paxRecord('comment', 'a\nb=c') }),
      member({ name: '././@PaxHeader', type: 'x', content: records }),
      member({ name: 'short', content: 'data', sizeField: Buffer.from('00000000000\0') }),
      member({ name: 'other', content: 'x' }),
      endBlocks,
    ]);
    const [first, second] = readTar(tar);
    expect(first).toMatchObject({ path: `base/${'langer-name-ä'.repeat(20)}`, content: 'data' });
    expect(second).toMatchObject({ path: 'other', content: 'x' });
    const reader = new TarReader();
    const entries = [...reader.feed(tar)].filter((event) => event.type === 'entry');
    expect(entries[0]?.entry.modifiedAt).toBeCloseTo(1_700_000_000.123456, 5);
  });

  it('reads GNU long names and the ustar prefix', () => {
    const long = `pg_log/${'n'.repeat(300)}`;
    const target = `/${'t'.repeat(200)}`;
    const gnu = { magic: 'ustar  \0' };
    const tar = Buffer.concat([
      member({ name: '././@LongLink', type: 'L', content: `${long}\0`, ...gnu }),
      member({ name: long.slice(0, 100), content: 'a', ...gnu }),
      member({ name: '././@LongLink', type: 'K', content: `${target}\0`, ...gnu }),
      member({ name: 'link', type: '2', linkName: target.slice(0, 99), ...gnu }),
      member({ name: '16390', prefix: 'base/16385', content: 'b' }),
      // behind GNU's magic these bytes are times, not a prefix
      member({ name: 'plain', prefix: '14712345670', content: 'c', ...gnu }),
      endBlocks,
    ]);
    const read = readTar(tar);
    expect(read.map((entry) => entry.path)).toEqual([long, 'link', 'base/16385/16390', 'plain']);
    expect(read[1]?.linkTarget).toBe(target);
  });

  it('reads base-256 sizes', () => {
    const sizeField = Buffer.from([0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 5]);
    expect(
      readTar(Buffer.concat([member({ name: 'f', content: 'large', sizeField }), endBlocks]))[0],
    ).toMatchObject({
      content: 'large',
    });
    const huge = Buffer.from([0x80, 0, 0, 0, 0, 0, 0, 3, 0, 0, 0, 0]);
    const events = [...new TarReader().feed(member({ name: 'f', sizeField: huge }))];
    expect(events[0]).toMatchObject({ type: 'entry', entry: { sizeBytes: 3 * 2 ** 32 } });
    for (const bad of [
      Buffer.alloc(12, 0xff),
      Buffer.from('0000000000z\0'),
      Buffer.from([0x80, 1, ...Array(10).fill(0)]),
    ]) {
      expect(() => [...new TarReader().feed(member({ name: 'f', sizeField: bad }))]).toThrow(
        /unreadable size/,
      );
    }
  });

  it('can be saved and restored at every byte', () => {
    const tar = Buffer.concat([
      member({ name: 'g', type: 'g', content: paxRecord('comment', 'x') }),
      member({
        name: 'x',
        type: 'x',
        content: Buffer.concat([paxRecord('path', 'ä'.repeat(150)), paxRecord('size', '700')]),
      }),
      member({ name: 'short', content: 'd'.repeat(700) }),
      member({ name: 'L', type: 'L', content: `${'q'.repeat(600)}\0` }),
      member({ name: 'qqq', content: 'e'.repeat(512) }),
      member({ name: 'dir/', type: '5' }),
      endBlocks,
      Buffer.alloc(3000),
    ]);
    const whole = readTar(tar);
    expect(whole.map((entry) => entry.content.length)).toEqual([700, 512, 0]);
    expect(readTar(tar, () => 1)).toEqual(whole);
    for (let seed = 1; seed <= 200; seed++) {
      const below = numbersFrom(seed);
      expect(
        readTar(tar, () => 1 + below(900)),
        `seed ${seed}`,
      ).toEqual(whole);
    }
  });

  it('has an exact state at every event inside a piece', () => {
    const tar = Buffer.concat([
      member({ name: 'a', content: 'a'.repeat(600) }),
      member({ name: 'dir/', type: '5' }),
      member({ name: 'b', content: 'b'.repeat(100) }),
      endBlocks,
    ]);
    const reader = new TarReader();
    for (const event of reader.feed(tar)) {
      if (event.type !== 'entryEnd') continue;
      const rest = new TarReader(reader.state());
      const names = [...rest.feed(tar.subarray(reader.offset))].flatMap((other) =>
        other.type === 'entry' ? [other.entry.path] : [],
      );
      expect(names).toEqual({ a: ['dir', 'b'], dir: ['b'], b: [] }[event.entry.path]);
      rest.finish();
    }
  });

  it('shows names that are no UTF-8 with their bytes', () => {
    const tar = Buffer.concat([
      member({ name: Buffer.from([0x63, 0x61, 0x66, 0xe9]), content: 'x' }),
      endBlocks,
    ]);
    expect(readTar(tar)[0]).toMatchObject({ path: 'caf\\xE9', nameIsExact: false });
  });

  it('accepts zeros behind the end, but nothing else', () => {
    expect(paths(Buffer.concat([member({ name: 'a' }), endBlocks, Buffer.alloc(10_240)]))).toEqual(['a']);
    expect(() => paths(Buffer.concat([member({ name: 'a' }), endBlocks, member({ name: 'b' })]))).toThrow(
      /after the end/,
    );
    expect(() =>
      paths(Buffer.concat([member({ name: 'a' }), Buffer.alloc(512), member({ name: 'b' })])),
    ).toThrow(/single zero block/);
  });

  it('takes an archive that is cut anywhere as damaged', () => {
    const tar = Buffer.concat([
      member({ name: 'a', content: 'x'.repeat(600) }),
      member({ name: 'b' }),
      endBlocks,
    ]);
    for (let length = 0; length < tar.length; length++) {
      const reader = new TarReader();
      for (const _event of reader.feed(tar.subarray(0, length)));
      expect(() => reader.finish(), `${length} bytes`).toThrow(
        expect.objectContaining({ code: 'ARCHIVE_CORRUPT' }),
      );
    }
    const reader = new TarReader();
    for (const _event of reader.feed(tar.subarray(0, 700)));
    expect(() => reader.finish()).toThrow(/stops at byte 700 inside "a", 412 bytes before its end/);
  });

  it('may lack the end of an archive in a dialect that allows it, but not a part of a member', () => {
    const dialect = { rootedNames: false, mayLackEnd: true };
    const tar = Buffer.concat([member({ name: 'a', content: 'x'.repeat(600) }), endBlocks]);
    for (let length = 0; length < tar.length; length++) {
      const reader = new TarReader(undefined, dialect);
      for (const _event of reader.feed(tar.subarray(0, length)));
      const isBetween = [1536, 2048].includes(length);
      if (isBetween) expect(() => reader.finish()).not.toThrow();
      else expect(() => reader.finish(), `${length} bytes`).toThrow(/stops at byte/);
    }
  });

  it('takes a slash in front of names for the data directory only in a dialect that says so', () => {
    const tar = Buffer.concat([
      member({ name: '/', type: '5' }),
      member({ name: '', type: '5' }),
      member({ name: '/base/1/1259' }),
      member({ name: './base/2' }),
      member({ name: 'backup_label' }),
      endBlocks,
    ]);
    const reader = new TarReader(undefined, { rootedNames: true, mayLackEnd: false });
    const found = [...reader.feed(tar)].flatMap((event) =>
      event.type === 'entry' ? [event.entry.path] : [],
    );
    expect(found).toEqual(['', '', 'base/1/1259', 'base/2', 'backup_label']);
    expect(() => paths(Buffer.concat([member({ name: '/base/1/1259' }), endBlocks]))).toThrow(/absolute/);
    const climbing = Buffer.concat([member({ name: '/../etc/passwd' }), endBlocks]);
    const rooted = new TarReader(undefined, { rootedNames: true, mayLackEnd: false });
    expect(() => [...rooted.feed(climbing)]).toThrow(expect.objectContaining({ code: 'ENTRY_REFUSED' }));
  });

  it('notices a damaged header wherever the damage is', () => {
    const tar = Buffer.concat([member({ name: 'a', content: 'x' }), endBlocks]);
    for (let at = 0; at < 512; at++) {
      if (at === 155) continue; // the space behind the checksum's NUL means nothing
      const bad = Buffer.from(tar);
      bad[at] = (bad[at] ?? 0) ^ 4;
      expect(() => readTar(bad), `byte ${at}`).toThrow(expect.objectContaining({ code: 'ARCHIVE_CORRUPT' }));
    }
  });

  it('refuses names that leave the archive', () => {
    for (const name of ['/etc/passwd', '../x', 'a/../../x', 'a/..', '..']) {
      const tar = Buffer.concat([member({ name }), endBlocks]);
      expect(() => readTar(tar), name).toThrow(expect.objectContaining({ code: 'ENTRY_REFUSED' }));
      const pax = member({ name: 'x', type: 'x', content: paxRecord('path', name) });
      expect(() => readTar(Buffer.concat([pax, member({ name: 'ok' }), endBlocks]))).toThrow(
        expect.objectContaining({ code: 'ENTRY_REFUSED' }),
      );
    }
    const nul = member({ name: 'x', type: 'x', content: paxRecord('path', 'a\0b') });
    expect(() => readTar(Buffer.concat([nul, member({ name: 'ok' }), endBlocks]))).toThrow(/NUL/);
    expect(() => readTar(Buffer.concat([member({ name: '', content: 'x' }), endBlocks]))).toThrow(
      /empty name/,
    );
    expect(() => readTar(Buffer.concat([member({ name: './.', content: 'x' }), endBlocks]))).toThrow(/root/);
    expect(paths(Buffer.concat([member({ name: 'a..b/...' }), endBlocks]))).toEqual(['a..b/...']);
  });

  it('refuses members it cannot restore, by name and kind', () => {
    for (const [type, what] of Object.entries({
      1: 'hard link',
      3: 'character',
      4: 'block',
      6: 'pipe',
      S: 'sparse',
      V: 'unknown',
    })) {
      const tar = Buffer.concat([member({ name: 'odd', type, linkName: 'a' }), endBlocks]);
      expect(() => readTar(tar)).toThrow(
        expect.objectContaining({ code: 'ENTRY_REFUSED', message: expect.stringContaining(what) }),
      );
    }
    const sparse = member({ name: 'x', type: 'x', content: paxRecord('GNU.sparse.major', '1') });
    expect(() => readTar(Buffer.concat([sparse, member({ name: 'f' }), endBlocks]))).toThrow(/sparse/);
  });

  it('refuses extended headers that are malformed or too large', () => {
    for (const body of [
      '12',
      '99 path=a\n',
      '0 path=a\n',
      '9 path=ab',
      'x path=a\n',
      '5 abc\n',
      '-9 path=a\n',
    ]) {
      const tar = Buffer.concat([
        member({ name: 'x', type: 'x', content: body }),
        member({ name: 'f' }),
        endBlocks,
      ]);
      expect(() => readTar(tar), body).toThrow(expect.objectContaining({ code: 'ARCHIVE_CORRUPT' }));
    }
    const sizeField = Buffer.from('77777777777\0');
    expect(() => readTar(member({ name: 'x', type: 'x', sizeField }))).toThrow(/extended header of/);
  });

  it('never does worse than refuse on random damage', () => {
    const tar = Buffer.concat([
      member({
        name: 'x',
        type: 'x',
        content: Buffer.concat([paxRecord('path', 'p'.repeat(120)), paxRecord('mtime', '1.5')]),
      }),
      member({ name: 'f', content: 'd'.repeat(900) }),
      endBlocks,
    ]);
    for (let seed = 1; seed <= 2000; seed++) {
      const below = numbersFrom(seed);
      const bad = Buffer.from(tar);
      for (let i = 0; i < 3; i++) bad[below(bad.length)] = below(256);
      if (below(2) === 0) signed(bad.subarray(0, 512) as Buffer);
      try {
        readTar(bad, () => 1 + below(2000));
      } catch (error) {
        expect(error).toMatchObject({ code: expect.stringMatching(/^(ARCHIVE_CORRUPT|ENTRY_REFUSED)$/) });
      }
    }
  });
});
