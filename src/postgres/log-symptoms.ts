import { configurationSymptoms } from './symptoms/configuration.ts';
import { fileSymptoms } from './symptoms/files.ts';
import { parameterSymptoms } from './symptoms/parameters.ts';
import { surroundingSymptoms } from './symptoms/surroundings.ts';
import type { Symptom } from './symptoms/symptom.ts';
import { targetSymptoms } from './symptoms/target.ts';
import { walSymptoms } from './symptoms/wal.ts';

/** By subject, each with the heading it has on the page for people. */
export const symptomGroups = [
  { heading: 'WAL', symptoms: walSymptoms },
  { heading: 'Timelines and targets', symptoms: targetSymptoms },
  { heading: 'Settings that recovery needs', symptoms: parameterSymptoms },
  { heading: 'Files', symptoms: fileSymptoms },
  { heading: 'Host, image and libraries', symptoms: surroundingSymptoms },
  { heading: 'Configuration and access', symptoms: configurationSymptoms },
] as const;

/** Messages of PostgreSQL 13 to 18 in the C locale. The first that matches a line wins: the specific before the general. */
export const symptoms = symptomGroups.flatMap((group): readonly Symptom[] => group.symptoms);

export type SymptomId = (typeof symptomGroups)[number]['symptoms'][number]['id'];

/** The known message in a line; null when it shows none. */
export function symptomOf(line: string): Symptom | null {
  return symptoms.find((symptom) => symptom.pattern.test(line)) ?? null;
}
