import { COLUMNS } from '@auralis/shared';

/**
 * Rounds as a column of the catalogue is, `table.column`: a mean of its readings has no more decimal places than they
 * have.
 */
export function roundedAs(place: string): (value: number | null) => number | null {
  const column = COLUMNS.find(({ table, name }) => `${table}.${name}` === place);
  if (column === undefined) throw new Error(`there is no column ${place}`);
  return (value) => (value === null ? null : Number(value.toFixed(column.scale)));
}
