import { Readable } from 'node:stream';
import { type Pack, pack } from 'tar-stream';
import { OdoError } from '../errors/odo-error.ts';
import { linkRefused } from './fs-errors.ts';
import type { FileToPatch, TreeWriter } from './tree.ts';
import { splitEntryPath } from './tree-path.ts';

export interface EngineWriterOptions {
  readonly description: string;
  /** Links in the tree, relative to its root; kept up to date by every writer of the tree. */
  readonly links: Set<string>;
  readonly signal: AbortSignal;
  /** Unpacks a tar stream in the tree's root; resolves with the engine's answer. */
  readonly unpack: (tar: Readable, signal: AbortSignal) => Promise<void>;
  /** Brings what the engine unpacked to disk. */
  readonly sync: () => Promise<void>;
}

/** One request to the engine: a tar stream that is being sent. */
interface Batch {
  readonly tar: Pack;
  readonly cancel: AbortController;
  /** Resolves with the engine's answer, a failure too. */
  answer: Promise<void>;
  /** Everything was put into the stream. */
  isComplete: boolean;
  failure: { readonly error: unknown } | null;
  /** Lets a write that waits for the stream see the failure. */
  wake: (() => void) | null;
}

interface OpenEntry {
  readonly path: string;
  readonly sink: ReturnType<Pack['entry']>;
  /** @unit bytes */
  remaining: number;
}

/**
 * Sends entries as one tar stream a batch; `sync` ends the batch and waits for the engine. The engine replaces
 * what has an entry's name, but would follow a link in the place of a directory above it: that is refused here.
 */
export class EngineWriter implements TreeWriter {
  readonly continuesFiles = false;
  readonly #options: EngineWriterOptions;
  readonly #sentDirectories = new Set<string>();
  #batch: Batch | null = null;
  #file: OpenEntry | null = null;

  constructor(options: EngineWriterOptions) {
    this.#options = options;
  }

  async makeDirectory(path: string): Promise<void> {
    const name = await this.#place(path);
    this.#replaceLink(name);
    await this.#sendDirectory(name);
  }

  async makeLink(path: string, target: string): Promise<void> {
    const name = await this.#place(path);
    this.#forgetDirectories(name);
    await this.#send({ name, type: 'symlink', linkname: target, mode: 0o777 });
    this.#options.links.add(name);
  }

  async beginFile(file: { path: string; sizeBytes: number }, fromByte: number): Promise<void> {
    if (fromByte !== 0)
      throw new OdoError('BUG', `A file in ${this.#options.description} cannot be continued.`);
    const name = await this.#place(file.path);
    this.#forgetDirectories(name);
    this.#replaceLink(name);
    const sink = await this.#send({ name, type: 'file', size: file.sizeBytes, mode: 0o600 });
    this.#file = { path: name, sink, remaining: file.sizeBytes };
  }

  async beginPatch({ path }: FileToPatch): Promise<void> {
    throw new OdoError('BUG', `${path} in ${this.#options.description} cannot be changed in places.`);
  }

  async patch(): Promise<void> {
    throw new OdoError('BUG', `No file in ${this.#options.description} is being changed in places.`);
  }

  async write(bytes: Uint8Array): Promise<void> {
    this.#options.signal.throwIfAborted();
    const file = this.#openFile();
    this.#throwFailure();
    file.remaining -= bytes.byteLength;
    if (file.remaining < 0) throw new OdoError('BUG', `${file.path} got more bytes than its size says.`);
    // The stream keeps what it is given, and the caller may use its buffer again.
    if (!file.sink.write(Buffer.from(bytes))) await this.#wakened((wake) => file.sink.once('drain', wake));
  }

  async endFile(): Promise<void> {
    const file = this.#openFile();
    if (file.remaining !== 0) throw new OdoError('BUG', `${file.path} ended ${file.remaining} bytes early.`);
    this.#file = null;
    // The next entry's header must not overtake this one's bytes.
    await this.#wakened((wake) => {
      file.sink.once('finish', wake);
      file.sink.end(undefined);
    });
  }

  /** The engine takes no entry while it syncs. */
  async startSync(): Promise<{ onDisk: Promise<void> }> {
    await this.sync();
    return { onDisk: Promise.resolve() };
  }

  async sync(): Promise<void> {
    const batch = this.#batch;
    if (this.#file !== null) throw new OdoError('BUG', `${this.#file.path} is still open at a sync.`);
    if (batch === null) return;
    this.#throwFailure();
    batch.isComplete = true;
    batch.tar.finalize();
    await batch.answer;
    this.#throwFailure();
    await this.#options.sync();
    // Only now: a sync that failed must not look done when it is tried again.
    this.#batch = null;
  }

  async close(): Promise<void> {
    const batch = this.#batch;
    this.#batch = null;
    this.#file = null;
    if (batch === null) return;
    batch.cancel.abort(new OdoError('INTERRUPTED', 'The writer was closed before its batch ended.'));
    await batch.answer;
    batch.tar.destroy();
  }

  /** Name of an entry, with the directories above it sent. */
  async #place(path: string): Promise<string> {
    this.#options.signal.throwIfAborted();
    if (this.#file !== null)
      throw new OdoError('BUG', `${this.#file.path} is still open when ${path} begins.`);
    this.#throwFailure();
    const parts = splitEntryPath(path);
    for (let depth = 1; depth < parts.length; depth += 1) {
      const directory = parts.slice(0, depth).join('/');
      if (this.#options.links.has(directory)) throw linkRefused(`${this.#options.description}: ${directory}`);
      if (!this.#sentDirectories.has(directory)) await this.#sendDirectory(directory);
    }
    return parts.join('/');
  }

  async #sendDirectory(name: string): Promise<void> {
    await this.#send({ name, type: 'directory', mode: 0o700 });
    this.#sentDirectories.add(name);
  }

  /** The engine removes a link that stands where an entry goes, and with a directory every link in it. */
  #replaceLink(name: string): void {
    this.#options.links.delete(name);
  }

  #forgetDirectories(name: string): void {
    const below = `${name}/`;
    for (const set of [this.#sentDirectories, this.#options.links]) {
      for (const known of set) if (known.startsWith(below)) set.delete(known);
    }
    this.#sentDirectories.delete(name);
  }

  async #send(header: Parameters<Pack['entry']>[0]): Promise<OpenEntry['sink']> {
    const batch = (this.#batch ??= this.#begin());
    try {
      const sink = batch.tar.entry(header);
      sink.on('error', () => {}); // the batch's own failure says more
      return sink;
    } catch (error) {
      // The stream was ended from the other side; the engine's answer says why.
      batch.cancel.abort(error);
      await batch.answer;
      this.#throwFailure();
      throw error;
    }
  }

  #begin(): Batch {
    const tar = pack();
    tar.on('error', () => {});
    const cancel = new AbortController();
    const signal = AbortSignal.any([this.#options.signal, cancel.signal]);
    const batch: Batch = {
      tar,
      cancel,
      isComplete: false,
      failure: null,
      wake: null,
      answer: Promise.resolve(),
    };
    const fail = (error: unknown): void => {
      batch.failure = { error };
      batch.wake?.();
    };
    batch.answer = this.#options.unpack(Readable.from(tar, { objectMode: false }), signal).then(() => {
      if (!batch.isComplete)
        fail(new OdoError('ENGINE_FAILED', 'The Docker engine answered before it had everything.'));
    }, fail);
    return batch;
  }

  /** Waits until `subscribe`'s callback was called, or the batch failed. */
  async #wakened(subscribe: (wake: () => void) => void): Promise<void> {
    const batch = this.#batch;
    if (batch === null) return;
    await new Promise<void>((resolve) => {
      batch.wake = resolve;
      if (batch.failure !== null) resolve();
      else subscribe(resolve);
    });
    batch.wake = null;
    this.#throwFailure();
  }

  #throwFailure(): void {
    const failure = this.#batch?.failure;
    if (failure) throw failure.error;
  }

  #openFile(): OpenEntry {
    if (this.#file === null) throw new OdoError('BUG', `No file is open in ${this.#options.description}.`);
    return this.#file;
  }
}
