/**
 * `pnpm prose [FILE…]`: check the English of comments and documents for sentence length, headless openings, words of
 * the glossary, and line width. Without files it checks the whole tree. Ends with 1 if a limit is broken.
 */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { checkFile, type FileReport, isGenerated } from './files.js';
import { ALLOWED_HEADLESS, DOCS_MEDIAN } from './rules.js';

const root = new URL('../../../', import.meta.url).pathname;
const asked = process.argv.slice(2);
const listed = execFileSync('git', ['ls-files', '--cached', '--others', '--exclude-standard'], {
  cwd: root,
  encoding: 'utf8',
});
const files = (asked.length > 0 ? asked : listed.split('\n')).filter(
  (path) => /\.(md|tsx?)$/.test(path) && !isGenerated(path),
);
const reports = files.map((path) => checkFile(path, readFileSync(root + path, 'utf8')));

const findings = reports.flatMap(({ path, findings: found }) => found.map((finding) => ({ path, ...finding })));
const headless = findings.filter(({ kind }) => kind === 'headless');
const broken = findings.filter(
  ({ kind }) => kind !== 'headless' || headless.length > ALLOWED_HEADLESS || asked.length > 0,
);
for (const { path, line, kind, message } of broken) process.stdout.write(`${path}:${line}: ${kind}: ${message}\n`);

const median = (of: readonly FileReport[]) => {
  const lengths = of.flatMap((report) => report.lengths).sort((a, b) => a - b);
  return lengths[Math.floor(lengths.length / 2)] ?? 0;
};
const docs = reports.filter(({ path }) => path.endsWith('.md'));
const count = (kind: string) => findings.filter((finding) => finding.kind === kind).length;
process.stdout.write(
  `prose: ${files.length} files, median of a sentence ${median(docs)} words in documents (${DOCS_MEDIAN} allowed), ` +
    `${median(reports.filter((report) => !docs.includes(report)))} in comments; too long ${count('long')}, ` +
    `headless ${headless.length} (${ALLOWED_HEADLESS} allowed), words to avoid ${count('banned')}, wide lines ${count('wide')}\n`,
);
process.exitCode = broken.length > 0 || median(docs) > DOCS_MEDIAN ? 1 : 0;
