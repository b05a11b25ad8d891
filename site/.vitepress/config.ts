import { join } from 'node:path';
import { defineConfig } from 'vitepress';
import { besideDocs, navigation } from '../navigation.ts';
import { titleOf } from '../titles.ts';

const build = join(import.meta.dirname, '../../build');
const sources = join(build, 'site-sources');

/** The folder below which a server has it. */
const base = process.env.ODO_SITE_BASE ?? '/';

const entry = (page: string): { text: string; link: string } => ({
  text: titleOf(sources, page),
  link: `/${page}`,
});

const folded = new Set(['Under the hood', 'Project']);

export default defineConfig({
  title: 'odo',
  description: 'Restores PostgreSQL physical backups, and survives being killed while doing so',
  srcDir: sources,
  outDir: process.env.ODO_SITE_OUT ?? join(build, 'site'),
  cacheDir: join(build, 'site-cache'),
  base,
  head: [['link', { rel: 'icon', href: `${base}icon.svg` }]],
  markdown: {
    // An address in a text is an example.
    linkify: false,
    config: (md) => {
      const { fence } = md.renderer.rules;
      md.renderer.rules.fence = (tokens, index, ...others) => {
        const token = tokens[index];
        if (token?.info.trim() !== 'mermaid') return fence?.(tokens, index, ...others) ?? '';
        return `<MermaidDrawing text="${encodeURIComponent(token.content)}" />`;
      };
    },
  },
  themeConfig: {
    nav: [
      { text: 'Use cases', link: '/use-cases' },
      { text: 'Tutorials', link: '/tutorial-compose' },
      { text: 'Commands', link: '/cli' },
      { text: 'Settings', link: '/configuration' },
    ],
    sidebar: [...navigation(sources), { title: 'Project', pages: besideDocs }].map(({ title, pages }) => ({
      text: title,
      collapsed: folded.has(title),
      items: Object.keys(pages).map(entry),
    })),
    outline: [2, 3],
    search: {
      provider: 'local',
      // Short words are taken as they are: `map` does not mean `may`.
      options: { miniSearch: { searchOptions: { fuzzy: 0.1, combineWith: 'AND' } } },
    },
  },
});
