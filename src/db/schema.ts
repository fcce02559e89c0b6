import type { Knex } from 'knex';

interface ColumnOptions {
  readonly nullable?: boolean;
}

/**
 * The column types that MySQL/MariaDB and SQLite share here. Times are `YYYY-MM-DD HH:MM:SS.ffffff` in UTC, JSON is
 * text, booleans are 0/1; the repositories hide that.
 */
export class TableShape {
  constructor(
    private readonly table: Knex.CreateTableBuilder,
    private readonly isMysql: boolean,
  ) {}

  /** A number that grows by itself; the primary key. */
  id(name: string): Knex.ColumnBuilder {
    return this.table.increments(name);
  }
  /** A UUID with dashes. */
  text36(name: string, options?: ColumnOptions): Knex.ColumnBuilder {
    return this.column(this.table.string(name, 36), options);
  }
  /** A short word or id: states, project and user ids, request ids. */
  word(name: string, options?: ColumnOptions): Knex.ColumnBuilder {
    return this.column(this.table.string(name, 64), options);
  }
  /** A name given by people: hosts, instances, plug-ins. */
  name(name: string, options?: ColumnOptions): Knex.ColumnBuilder {
    return this.column(this.table.string(name, 255), options);
  }
  text(name: string, options?: ColumnOptions): Knex.ColumnBuilder {
    return this.column(this.table.text(name), options);
  }
  int(name: string, options?: ColumnOptions): Knex.ColumnBuilder {
    return this.column(this.table.integer(name), options);
  }
  bool(name: string, options?: ColumnOptions): Knex.ColumnBuilder {
    return this.column(this.isMysql ? this.table.specificType(name, 'tinyint') : this.table.integer(name), options);
  }
  time(name: string, options?: ColumnOptions): Knex.ColumnBuilder {
    return this.column(this.table.specificType(name, 'datetime(6)'), options);
  }
  json(name: string, options?: ColumnOptions): Knex.ColumnBuilder {
    return this.column(this.isMysql ? this.table.text(name, 'longtext') : this.table.text(name), options);
  }
  primary(columns: string[]): void {
    this.table.primary(columns);
  }
  index(columns: string[]): void {
    this.table.index(columns);
  }

  private column(builder: Knex.ColumnBuilder, options?: ColumnOptions): Knex.ColumnBuilder {
    return options?.nullable ? builder.nullable() : builder.notNullable();
  }
}

/** More columns of a table that is there; not nullable ones need a default. */
export function addColumns(knex: Knex, name: string, shape: (table: TableShape) => void): Promise<void> {
  return knex.schema.alterTable(name, (table) => shape(new TableShape(table, isMysql(knex))));
}

export function dropColumn(knex: Knex, name: string, column: string): Promise<void> {
  return dropColumns(knex, name, [column]);
}

export function dropColumns(knex: Knex, name: string, columns: string[]): Promise<void> {
  return knex.schema.alterTable(name, (table) => {
    table.dropColumns(...columns);
  });
}

/** One table, comparing text by its bytes on both databases. */
export function createTable(knex: Knex, name: string, shape: (table: TableShape) => void): Promise<void> {
  const forMysql = isMysql(knex);
  return knex.schema.createTable(name, (table) => {
    if (forMysql) {
      table.engine('InnoDB');
      table.charset('utf8mb4');
      table.collate('utf8mb4_bin');
    }
    shape(new TableShape(table, forMysql));
  });
}

function isMysql(knex: Knex): boolean {
  return knex.client.config.client === 'mysql2';
}

export function dropTable(knex: Knex, name: string): Promise<void> {
  return knex.schema.dropTable(name);
}
