import type { SettingKey } from '../schema.ts';

/** A value of the old file. */
export interface OldEntry {
  /** Empty outside of sections. */
  readonly section: string;
  readonly key: string;
  readonly value: string;
  readonly line: number;
}

/** What an old file means to odo. Values of secrets are in none of it. */
export interface Imported {
  /** What wrote files like it. */
  readonly kind: string;
  readonly taken: readonly Taken[];
  /** What belongs into the environment instead. */
  readonly secrets: readonly { readonly variable: string; readonly from: string }[];
  readonly left: readonly Left[];
}

export interface Taken {
  readonly key: SettingKey;
  readonly value: string | boolean;
  /** Where it stood, when that is one place. */
  readonly from?: string;
  readonly comment: readonly string[];
  /** It cannot stand as it is: written as a comment, for a person to complete. */
  readonly isOff?: boolean;
}

export interface Left {
  readonly from: string;
  readonly why: string;
}

/** `s3_url (line 3)` */
export const named = ({ key, line }: Pick<OldEntry, 'key' | 'line'>): string => `${key} (line ${line})`;
