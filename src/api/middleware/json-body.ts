import express, { type RequestHandler } from 'express';
import { malformed } from '../errors.js';

/** Deeper than anybody means it; what recurses over it later must not run out of stack. */
const MAX_DEPTH = 100;

/** Reads the body whatever Content-Type says: existing clients send none, or an odd one (v1 §1.3 e). */
export function readBody(limitBytes: number): RequestHandler {
  return express.raw({ type: () => true, limit: limitBytes });
}

/** @throws Refusal 400 unless `raw` is UTF-8 JSON */
export function parseJson(raw: unknown): unknown {
  const text = decode(raw);
  if (text.trim() === '') throw malformed(null, 'The request needs a body with JSON in it.');
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw malformed(null, `The body is not JSON: ${(cause as Error).message}.`);
  }
  if (depthOf(value) > MAX_DEPTH) throw malformed(null, `The body is nested deeper than ${MAX_DEPTH} levels.`);
  return value;
}

/** Nothing was sent. */
export function isEmpty(raw: unknown): boolean {
  return !Buffer.isBuffer(raw) || raw.length === 0;
}

function decode(raw: unknown): string {
  if (!Buffer.isBuffer(raw)) return '';
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(raw);
  } catch {
    throw malformed(null, 'The body is not UTF-8.');
  }
}

/** Levels of objects and lists; without recursion, and no deeper than is of interest. */
function depthOf(value: unknown): number {
  let level: unknown[] = [value];
  for (let depth = 0; ; depth += 1) {
    const inner = level.filter((item) => typeof item === 'object' && item !== null);
    if (inner.length === 0 || depth > MAX_DEPTH) return depth;
    level = inner.flatMap((item) => Object.values(item as object));
  }
}
