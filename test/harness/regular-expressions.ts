import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { analyse } from 'scslre';
import { parseSync } from 'vite';

/** A regular expression in a source file: its text, or null if the code makes it at run time. */
export interface FoundExpression {
  readonly file: string;
  readonly line: number;
  readonly text: string | null;
  /** The longest texts take more than linear time. */
  readonly isSuperLinear: boolean;
}

/** Source files below `directory`, without those that a package manager or a build made. */
export function sourceFiles(directory: string): string[] {
  return readdirSync(directory, { withFileTypes: true }).flatMap((entry) => {
    const path = join(directory, entry.name);
    if (entry.isDirectory()) return entry.name === 'node_modules' || entry.name === 'dist' ? [] : sourceFiles(path);
    return /\.(?:[cm]?js|tsx?)$/.test(entry.name) && !entry.name.endsWith('.d.ts') ? [path] : [];
  });
}

/** Regular expressions of one source file, in order. */
export function expressionsIn(file: string, source = readFileSync(file, 'utf8')): FoundExpression[] {
  const { program, errors } = parseSync(file, source);
  const [error] = errors;
  if (error !== undefined) throw new Error(`${file}: ${error.message}`);
  const found: FoundExpression[] = [];
  visit(program, (node) => {
    const text = expressionOf(node);
    if (text === undefined) return;
    const line = source.slice(0, node.start as number).split('\n').length;
    found.push({ file, line, text, isSuperLinear: text !== null && isSuperLinear(text) });
  });
  return found;
}

type Node = Readonly<Record<string, unknown>>;

/** The literal, null for a call of the constructor, and undefined for any other node. */
function expressionOf({ type, raw, regex, callee }: Node): string | null | undefined {
  if (type === 'Literal' && typeof regex === 'object' && regex !== null) return raw as string;
  const isMade = type === 'NewExpression' || type === 'CallExpression';
  return isMade && (callee as Node).name === 'RegExp' ? null : undefined;
}

function isSuperLinear(text: string): boolean {
  const end = text.lastIndexOf('/');
  const { reports } = analyse(new RegExp(text.slice(1, end), text.slice(end + 1)));
  return reports.length > 0;
}

function visit(node: unknown, see: (node: Node) => void): void {
  if (Array.isArray(node)) for (const each of node) visit(each, see);
  else if (typeof node === 'object' && node !== null) {
    if ('type' in node) see(node as Node);
    for (const child of Object.values(node)) visit(child, see);
  }
}
