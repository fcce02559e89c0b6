const rate = { type: 'number', minimum: 0, maximum: 1 } as const;

function strict(properties: object, required: readonly string[] = []): object {
  return { type: 'object', additionalProperties: false, properties, required };
}

/** JSON schema of a fault plan in a topology file. */
export const FAULTS_SCHEMA = strict({
  seed: { type: 'integer', minimum: 0 },
  http: {
    type: 'array',
    items: strict(
      {
        service: { enum: ['identity', 'compute', 'placement', 'alarming', 'instance-ha'] },
        calls: { enum: ['reads', 'writes'] },
        path: { type: 'string' },
        rate,
        kind: { enum: ['status', 'reset', 'reset-after', 'slow', 'late'] },
        status: { enum: [409, 429, 500, 502, 503, 504] },
        retryAfter: { type: 'integer', minimum: 0 },
        delayMs: { type: 'integer', minimum: 0, maximum: 600_000 },
        whose: { enum: ['service', 'everybody'] },
      },
      ['rate', 'kind'],
    ),
  },
  moves: strict({ fail: rate, error: rate, stuck: rate, elsewhere: rate }),
  lostAlarms: rate,
});
