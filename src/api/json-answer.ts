import { hash } from 'node:crypto';
import type { Request, Response } from 'express';

/**
 * Always 200, as some clients take nothing else for success; to who sent If-None-Match and has it already, 304. The text
 * is handed on in one piece with the head, which takes a socket less than two.
 */
export function sendJson(req: Request, res: Response, answer: unknown): void {
  const text = JSON.stringify(answer);
  res.setHeader('Cache-Control', 'private, no-cache');
  res.setHeader('ETag', `"${hash('sha1', text, 'base64')}"`);
  if (req.fresh) {
    res.status(304).end();
    return;
  }
  res.setHeader('Content-Type', 'application/json; charset=utf-8');
  res.setHeader('Content-Length', Buffer.byteLength(text));
  if (req.method === 'HEAD') res.end();
  else res.end(text);
}
