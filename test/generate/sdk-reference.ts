import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const DECLARATIONS = fileURLToPath(new URL('../../../client/dist/', import.meta.url));

/** Classes and types that the reference shows, by file, in this order. */
const SHOWN: Readonly<Record<string, readonly string[]>> = {
  'audio/client-metrics': ['ClientMetrics'],
  'audio/types': ['ListenOptions', 'Playback', 'ClientStats', 'ListenState'],
  'live/live-client': ['LiveClient'],
  'live/types': [
    'LiveClientOptions',
    'SubscriptionOptions',
    'Subscription',
    'LiveRow',
    'Change',
    'Behind',
    'LiveState',
    'Loss',
  ],
  'engine/metrics-collector': ['MetricsCollector', 'MetricsCollectorOptions'],
  'engine/hub-sender': ['HubSender', 'HubSenderOptions'],
  'engine/alert-manager': ['AlertManager'],
};

/** Return the classes and types of the SDK, as Markdown, from the declarations that the compiler has made. */
export function sdkReference(): string {
  return Object.entries(SHOWN)
    .flatMap(([file, names]) => {
      const text = readFileSync(`${DECLARATIONS}${file}.d.ts`, 'utf8');
      return names.map((name) => section(name, declarationOf(name, text, file)));
    })
    .join('\n\n');
}

interface Declaration {
  /** Text of the comment before it, on one line. */
  readonly about: string;
  readonly code: string;
}

/** `text` is what `tsc` writes: a declaration begins at the start of a line, and ends with `}` or `;` there. */
function declarationOf(name: string, text: string, file: string): Declaration {
  const begin = new RegExp(`^export (?:declare class|interface|type) ${name}\\b`, 'm').exec(text)?.index;
  if (begin === undefined) throw new Error(`client/src/${file}.ts exports no ${name}`);
  const end = /^}|;$/m.exec(text.slice(begin)) as RegExpExecArray;
  const isBlock = /^[^;]*{$/m.test(text.slice(begin, text.indexOf('\n', begin)));
  const length = isBlock ? (/^}/m.exec(text.slice(begin)) as RegExpExecArray).index + 1 : end.index + 1;
  const comment = /\/\*\*((?:(?!\*\/)[\s\S])*)\*\/\s*$/.exec(text.slice(0, begin))?.[1] ?? '';
  return { about: plain(comment), code: text.slice(begin, begin + length) };
}

/** A comment without its stars. Items of a list keep their lines. */
const plain = (comment: string) =>
  comment
    .replace(/^\s*\* ?/gm, '')
    .trim()
    .replace(/\n(?!- )/g, ' ');

function section(name: string, { about, code }: Declaration): string {
  const shown = code.replace(/^export (declare )?/, '').replace(/^ {4}#private;\n/m, '');
  return [`### ${name}`, wrapped(about), `\`\`\`ts\n${shown}\n\`\`\``].filter(Boolean).join('\n\n');
}

const WIDTH = 100;

function wrapped(text: string): string {
  const lines: string[] = [];
  for (const paragraph of text.split('\n')) {
    let line = '';
    for (const word of paragraph.split(' ')) {
      if (line !== '' && line.length + 1 + word.length > WIDTH) {
        lines.push(line);
        line = paragraph.startsWith('- ') ? `  ${word}` : word;
      } else line += line === '' ? word : ` ${word}`;
    }
    lines.push(line);
  }
  return lines.join('\n');
}
