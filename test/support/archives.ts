import { crc32, deflateRawSync, gzipSync } from 'node:zlib';

/* Archives byte by byte, so that they can be as no well-meaning program would make them. */

export interface Packed {
  readonly name: string;
  readonly content?: string | Buffer;
  /** As tar writes it: 0 file, 1 link, 2 symlink, 3 and 4 devices, 5 directory, 6 FIFO. */
  readonly type?: string;
  readonly mode?: number;
  readonly linkTo?: string;
  /** What the header says, whatever the content is. */
  readonly size?: number;
}

const BLOCK = 512;

export function tarOf(...entries: Packed[]): Buffer {
  return Buffer.concat([...entries.flatMap(tarEntry), Buffer.alloc(2 * BLOCK)]);
}

export function tgzOf(...entries: Packed[]): Buffer {
  return gzipSync(tarOf(...entries));
}

function tarEntry({ name, content = '', type = '0', mode = 0o644, linkTo = '', size }: Packed): Buffer[] {
  const body = Buffer.from(content);
  const header = Buffer.alloc(BLOCK);
  header.write(name, 0, 100);
  header.write(`${mode.toString(8).padStart(7, '0')}\0`, 100);
  header.write('0000000\0', 108);
  header.write('0000000\0', 116);
  header.write(`${(size ?? body.length).toString(8).padStart(11, '0')}\0`, 124);
  header.write('00000000000\0', 136);
  header.write('        ', 148);
  header.write(type, 156);
  header.write(linkTo, 157, 100);
  header.write('ustar\x0000', 257);
  const sum = header.reduce((total, byte) => total + byte, 0);
  header.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148);
  return [header, body, Buffer.alloc((BLOCK - (body.length % BLOCK)) % BLOCK)];
}

export interface Zipped extends Pick<Packed, 'name' | 'content' | 'size'> {
  /** Unix mode with file type, e.g. 0o100644. */
  readonly mode?: number;
  /** General purpose flags; bit 0: encrypted. */
  readonly flags?: number;
  readonly method?: 'stored' | 'deflated';
}

export function zipOf(...entries: Zipped[]): Buffer {
  const locals: Buffer[] = [];
  const centrals: Buffer[] = [];
  let offset = 0;
  for (const { name, content = '', size, mode = 0o100644, flags = 0, method = 'deflated' } of entries) {
    const plain = Buffer.from(content);
    const body = method === 'stored' ? plain : deflateRawSync(plain);
    const fileName = Buffer.from(name);
    // From the version needed to the lengths of name and extra field.
    const common = Buffer.alloc(26);
    common.writeUInt16LE(20, 0);
    common.writeUInt16LE(flags | 0x800, 2);
    common.writeUInt16LE(method === 'stored' ? 0 : 8, 4);
    common.writeUInt32LE(crc32(plain), 10);
    common.writeUInt32LE(body.length, 14);
    common.writeUInt32LE(size ?? plain.length, 18);
    common.writeUInt16LE(fileName.length, 22);
    const local = Buffer.concat([Buffer.from('PK\x03\x04', 'latin1'), common, fileName, body]);
    const attributes = Buffer.alloc(14);
    attributes.writeUInt32LE((mode << 16) >>> 0, 6);
    attributes.writeUInt32LE(offset, 10);
    // Made by version 2.0 on Unix.
    centrals.push(Buffer.concat([Buffer.from('PK\x01\x02\x14\x03', 'latin1'), common, attributes, fileName]));
    locals.push(local);
    offset += local.length;
  }
  const directory = Buffer.concat(centrals);
  const end = Buffer.alloc(18);
  end.writeUInt16LE(entries.length, 4);
  end.writeUInt16LE(entries.length, 6);
  end.writeUInt32LE(directory.length, 8);
  end.writeUInt32LE(offset, 12);
  return Buffer.concat([...locals, directory, Buffer.from('PK\x05\x06', 'latin1'), end]);
}
