import { integer, text } from '../options.js';

export const database = {
  doc: 'Where sessions live.',
  options: {
    connection: text(
      '',
      'Database, as SQLAlchemy writes it: mysql+pymysql://user:password@host:3306/fenix?charset=utf8; or ' +
        'sqlite:///absolute/path and sqlite:// (in memory), for one process on one machine.',
      { secret: 'url' },
    ),
    max_pool_size: integer(10, 'Connections that one process holds at most.', { min: 1 }),
  },
  retired: ['backend'],
} as const;
