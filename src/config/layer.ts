import type { ConfigProblem } from './problem.ts';
import type { Layer, SettingKey } from './schema.ts';

/** A value as it stands in its layer, before it is parsed. */
export interface RawValue {
  readonly raw: unknown;
  readonly layer: Layer;
  /** `flag -u`, `environment ODO_URL`, `.env line 3`, `odo.yaml line 4` */
  readonly provenance: string;
  readonly file: string | null;
  readonly line: number | null;
  /** Relative paths are resolved against it. */
  readonly baseDirectory: string;
}

/** What one layer says. */
export interface LayerValues {
  readonly values: ReadonlyMap<SettingKey, RawValue>;
  readonly problems: readonly ConfigProblem[];
  readonly warnings: readonly string[];
}
