/** Reads both pages as a person sees them. */
import type { Page } from 'playwright-core';

/** A row of one of the dashboard's tables: texts of its cells by the head's label, and its key. */
export interface ShownRow {
  readonly key: string;
  readonly cells: Readonly<Record<string, string>>;
  readonly isDimmed: boolean;
}

export async function rowsOf(page: Page, table: 'streams' | 'connections'): Promise<ShownRow[]> {
  return page.evaluate((name) => {
    const root = document.querySelector(`.${name} table`);
    if (root === null) return [];
    const heads = [...root.querySelectorAll('thead th')].map((head) => {
      const label = head.querySelector('button') ?? head;
      return label.firstChild?.textContent ?? '';
    });
    return [...root.querySelectorAll('tbody tr.row')].map((row) => {
      const cells: Record<string, string> = {};
      let at = 0;
      for (const cell of row.querySelectorAll<HTMLTableCellElement>('td, th')) {
        cells[heads[at] ?? ''] = (cell.textContent ?? '').trim();
        at += cell.colSpan;
      }
      return { key: row.id.replace(`${name}-`, ''), cells, isDimmed: row.classList.contains('gone') };
    });
  }, table);
}

/** The number in a cell or figure, with its thousands and its real minus sign; null for a dash. */
export function numberIn(text: string | undefined): number | null {
  const found = /[−-]?[\d,]+(\.\d+)?/.exec(text ?? '');
  return found === null ? null : Number(found[0].replaceAll(',', '').replace('−', '-'));
}

/** The dashboard's own state: `live`, `reconnecting`, … */
export async function linkOf(page: Page): Promise<string> {
  return (await page.locator('.link').getAttribute('class'))?.replace('link', '').trim() ?? '';
}

/** A figure of the listen page. */
export async function figure(page: Page, id: 'chunks' | 'latency' | 'buffer' | 'underruns'): Promise<number | null> {
  return numberIn((await page.locator(`[data-figure="${id}"]`).textContent()) ?? '');
}

/** The listen page's sentence. */
export async function sentence(page: Page): Promise<string> {
  return (await page.locator('.state').textContent()) ?? '';
}

/** Words that no page may ever show. */
export async function nonsenseOn(page: Page): Promise<string[]> {
  const text = (await page.locator('body').textContent()) ?? '';
  return text.match(/\b(NaN|undefined|null|Infinity|\[object)\b/g) ?? [];
}
