/** What docs/proof.md is made of: a part each, in its order. A part's tests are `test/proof/<name>*.test.ts`. */
export const proofParts = {
  'crash-matrix': {
    title: 'Killed at every point',
    about:
      'SIGKILL at a named point of the program, then `odo resume`: the directory, the recovered tables, the journal and what is left in the engine are compared with an undisturbed restore. In the table, ✓ is a run that was killed there and ended the same (✓ 3/7: killed at the third of seven times), · a point that is tried in another column, – one that this way never passes.',
  },
  'random-kills': {
    title: 'Killed at any instant',
    about:
      'SIGKILL at random instants, of restores, of their resumes and of the resumes of those; and two odos started at once on one run or one target.',
  },
  'power-loss': {
    title: 'Power lost',
    about:
      'Target and journal lie on a real file system whose disk forgets what was not flushed. After each cut the journal claims nothing that the disk does not hold, and a resume ends as an undisturbed restore does.',
  },
  'store-faults': {
    title: 'Failed calls to the object store',
    about:
      'Call k of a restore fails once, for each k, and the restore ends as if nothing had happened; then call k and all after it fail, and the restore ends with the right exit code, a true message and a run that can be resumed.',
  },
  'engine-faults': {
    title: 'Failed calls to the container engine',
    about: 'The same for the calls of a restore to the API of the Docker engine.',
  },
  'file-faults': {
    title: 'Failed calls to the file system and the journal',
    about:
      'System call k on the target or on the journal fails, once and for ever, with an I/O error, a full disk or a used-up quota; and a real disk that fills up half-way.',
  },
  'safety-rails': {
    title: 'What odo refuses to touch',
    about:
      'Targets that belong to somebody else or could not be cleaned without harm: each is refused by name, and is the same afterwards.',
  },
  'hostile-input': {
    title: 'Hostile input',
    about:
      'Archives, labels, manifests, listings and settings made to do harm: nothing is written outside the target, every refusal is an error of its own, memory stays bounded.',
  },
  'long-and-large': {
    title: 'Long and large',
    about:
      'Restores and journals of a size at which what grows with size would show, with memory and counts looked at.',
  },
} as const;

export type ProofPart = keyof typeof proofParts;
