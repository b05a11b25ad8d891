import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

export interface Group {
  readonly title: string;
  /** Names below `docs/` without their extension, in the order in which they are read, and what each is about. */
  readonly pages: Readonly<Record<string, string>>;
}

/** Every page of `docs/` has its place here. The site's sidebar and the start page are made of it. */
const groups: readonly Group[] = [
  {
    title: 'Start here',
    pages: {
      'why-physical': '`pg_dump` or a physical backup: which one, and when',
      'use-cases': 'what to type for the usual cases',
      comparison: 'pgBackRest, WAL-G, Barman, pg_backctl, and what each does better',
      glossary: 'the words that these pages use',
    },
  },
  {
    title: 'Tutorials',
    pages: {
      'tutorial-compose': 'from a bucket, and back to an earlier moment of it',
      'tutorial-server': 'without containers, into a cluster that `systemctl` knows',
      'tutorial-cloudnativepg': 'the bucket of an operator, under a plain image',
    },
  },
  {
    title: 'Restore',
    pages: {
      'choosing-a-backup': 'which backup a restore takes',
      planning: 'the plan as a page to sign, and executing exactly that one',
      'point-in-time': 'a time, an LSN, a transaction, a restore point; timelines',
      'held-runs': 'pause at a target, look, move on; standbys; giving a run up',
      tablespaces: 'where they go',
      'leftover-configuration': 'how the configuration of another host is made to start',
      targets: 'what odo refuses to touch',
      migrating: 'from other tools, flag by flag',
      troubleshooting: 'messages of PostgreSQL, their cause and what to do',
    },
  },
  {
    title: 'Back up',
    pages: {
      'backing-up': 'making backups with odo',
      'backup-formats': 'what odo reads, and what it refuses',
      'incremental-backups': 'how a chain is found and combined while it streams',
    },
  },
  {
    title: 'Prove backups',
    pages: {
      drills: 'restore beside production, prove, remove everything again',
      proofs: 'what each proof sees, and what not; assertions of your own',
      'page-checksums': 'PostgreSQL’s own, checked while pages are written',
      measures: 'recovery time and recovery point, and their limits',
      reports: 'what a report holds, in each of its forms',
      'many-databases': 'one file for all databases, one summary',
    },
  },
  {
    title: 'Operate',
    pages: {
      'running-it': 'rights, disk, bandwidth, and a session that may break',
      doctor: 'is this machine fit for a restore?',
      terminal: 'what odo shows, and leaving it while it works',
      container: 'odo’s own image',
      sources: 'where backups can lie, and the credentials of each place',
      scheduling: 'drills by systemd, cron, Compose, Swarm and Kubernetes',
      monitoring: 'Prometheus and webhooks',
      limits: 'what a restore may take from its host',
    },
  },
  {
    title: 'Reference',
    pages: {
      cli: 'every command and flag',
      configuration: 'every setting, and where it may come from',
      'exit-codes': 'the contract with scripts',
      'json-output': 'every line of `--json`',
    },
  },
  {
    title: 'Under the hood',
    pages: {
      architecture: 'the way of a run and the rooms of the code',
      machine: 'the state machine, drawn from itself',
      durability: 'why a kill costs at most one checkpoint',
      'data-plane': 'how bytes get from the bucket to the disk',
      'wal-proof': 'the WAL is read before anything is touched',
      'wal-delivery': 'how WAL gets to the recovery server while it is replayed',
      'hostile-input': 'backups and stores that mean harm',
      proof: 'what was killed, failed and lied to, and what was lost',
      benchmarks: 'how fast it is, against others',
      extending: 'a storage, a format, a target or a service of your own',
      dependencies: 'what odo is made of, and why',
    },
  },
];

/** Pages beside `docs/` that the site has too, by their names there. */
export const besideDocs: Readonly<Record<string, string>> = {
  security: 'SECURITY.md',
  contributing: 'CONTRIBUTING.md',
  changelog: 'CHANGELOG.md',
};

/** The groups without pages that are not there (yet). */
export function navigation(docs: string): readonly Group[] {
  return groups
    .map(({ title, pages }) => ({
      title,
      pages: Object.fromEntries(
        Object.entries(pages).filter(([page]) => existsSync(join(docs, `${page}.md`))),
      ),
    }))
    .filter(({ pages }) => Object.keys(pages).length > 0);
}

/** Pages of the directory that are in no group. */
export function strayPages(docs: string): readonly string[] {
  const listed = new Set(groups.flatMap(({ pages }) => Object.keys(pages)));
  return readdirSync(docs)
    .filter((name) => name.endsWith('.md') && name !== 'README.md')
    .map((name) => name.slice(0, -'.md'.length))
    .filter((page) => !listed.has(page));
}
