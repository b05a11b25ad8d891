/** Everything on the command line: a configuration of this host must not change what is measured. */
export const pgbackrestArgs = (repo: string, dataDir: string): readonly string[] => [
  '--no-config',
  '--stanza=main',
  `--repo1-path=${repo}`,
  `--pg1-path=${dataDir}`,
  `--lock-path=${repo}/lock`,
  '--log-level-console=warn',
  '--log-level-file=off',
];
