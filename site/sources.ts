/** What the site is built from: the pages as they are read on a code host, with the links that differ there. */
import {
  copyFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { basename, dirname, join, relative, resolve } from 'node:path';
import { besideDocs } from './navigation.ts';
import { titleOf } from './titles.ts';

const root = join(import.meta.dirname, '..');
const docs = join(root, 'docs');

const namesBeside = new Map(Object.entries(besideDocs).map(([name, file]) => [join(root, file), name]));

/** The start page has a landing on top, which takes the place of its heading. */
const startPage = join(docs, 'README.md');

/** `address` as the site has it; null for what it does not have, such as folders of the project. */
function addressOnSite(file: string, address: string): string | null {
  if (/^([a-z]+:|#)/.test(address)) return address;
  const [path = '', anchor] = address.split('#', 2);
  const meant = resolve(dirname(file), path);
  if (!existsSync(meant)) throw new Error(`${relative(root, file)} leads to ${address}, which is not there`);
  const behind = anchor === undefined ? '' : `#${anchor}`;
  if (meant === startPage) return `index.md${behind}`;
  const beside = namesBeside.get(meant);
  if (beside !== undefined) return `${beside}.md${behind}`;
  if (dirname(meant) !== docs) return null;
  return meant.endsWith('.md') ? `${basename(meant)}${behind}` : `/${basename(meant)}`;
}

/** Links outside of fenced blocks. */
function withLinksOfSite(file: string, text: string): string {
  let fenced = false;
  return text
    .split('\n')
    .map((line) => {
      if (/^\s*```/.test(line)) fenced = !fenced;
      if (fenced) return line;
      return line.replace(/(?<!!)\[([^\]]*)\]\(([^)\s]+)\)/g, (_, label: string, address: string) => {
        const there = addressOnSite(file, address);
        if (there === null) return label;
        // Named by its file, as on a code host: here by its title.
        const title =
          label === address && address.endsWith('.md')
            ? titleOf(dirname(file), label.slice(0, -'.md'.length))
            : label;
        return `[${title}](${there})`;
      });
    })
    .join('\n');
}

function pageText(file: string): string {
  const text = withLinksOfSite(file, readFileSync(file, 'utf8'));
  if (file !== startPage) return text;
  return `${readFileSync(join(import.meta.dirname, 'landing.md'), 'utf8')}\n${text.replace(/^# .*\n/, '')}`;
}

/** Writes the sources of the site into `directory`, which is emptied first. Throws at a link that leads nowhere. */
export function writeSources(directory: string): void {
  rmSync(directory, { recursive: true, force: true });
  mkdirSync(join(directory, 'public'), { recursive: true });
  for (const name of readdirSync(docs, { withFileTypes: true })) {
    const file = join(docs, name.name);
    // Pictures.
    if (name.isDirectory()) cpSync(file, join(directory, name.name), { recursive: true });
    else if (!name.name.endsWith('.md')) copyFileSync(file, join(directory, 'public', name.name));
    else writeFileSync(join(directory, file === startPage ? 'index.md' : name.name), pageText(file));
  }
  copyFileSync(join(import.meta.dirname, 'icon.svg'), join(directory, 'public/icon.svg'));
  // As it is published, one file for every browser.
  copyFileSync(
    join(root, 'node_modules/@mermaid-js/tiny/dist/mermaid.tiny.js'),
    join(directory, 'public/mermaid.js'),
  );
  for (const [file, name] of namesBeside) writeFileSync(join(directory, `${name}.md`), pageText(file));
}
