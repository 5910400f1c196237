import 'reflect-metadata';
import { createECDH, hkdfSync, randomBytes, webcrypto } from 'node:crypto';
import { isIP } from 'node:net';
import * as x509 from '@peculiar/x509';

/** The certificate authority of a cluster. Every node that has the cluster token has it, and nobody else. */
export interface ClusterAuthority {
  /**
   * PEM. Name, key and dates are the same on every node; the signature, in which ECDSA has a random part, is not, and
   * nobody looks at it.
   */
  readonly certificate: string;
  /** Signs a certificate for both ends of TLS connections between nodes. Returns it as PEM. */
  issue(options: IssueOptions): Promise<string>;
}

interface IssueOptions {
  /** Name of the node. */
  readonly node: string;
  /** IP addresses and host names that it is reached at. */
  readonly hosts: readonly string[];
  readonly publicKey: webcrypto.CryptoKey;
  readonly notBefore: Date;
  readonly notAfter: Date;
}

const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const;
const name = 'CN=micro server cluster';

// What a certificate may be used for hangs on the dates of those that it signs: its own are never reached.
const beginning = new Date('2000-01-01T00:00:00Z');
const end = new Date('9999-12-31T23:59:59Z');

/** Derives the certificate authority from the cluster token, the same one each time. */
export async function deriveAuthority(clusterToken: string): Promise<ClusterAuthority> {
  const keys = await deriveKeys(clusterToken);
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    serialNumber: '01',
    name,
    notBefore: beginning,
    notAfter: end,
    signingAlgorithm: algorithm,
    keys,
    extensions: [
      new x509.BasicConstraintsExtension(true, 0, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign, true),
      await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
    ],
  });
  return {
    certificate: certificate.toString('pem'),
    async issue({ node, hosts, publicKey, notBefore, notAfter }) {
      const issued = await x509.X509CertificateGenerator.create({
        serialNumber: randomSerialNumber(),
        issuer: certificate.subject,
        subject: [{ CN: [node] }],
        notBefore,
        notAfter,
        publicKey,
        signingKey: keys.privateKey,
        signingAlgorithm: algorithm,
        extensions: [
          new x509.BasicConstraintsExtension(false, undefined, true),
          new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
          new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.serverAuth, x509.ExtendedKeyUsage.clientAuth]),
          new x509.SubjectAlternativeNameExtension(
            hosts.map((host) => ({ type: isIP(host) === 0 ? 'dns' : 'ip', value: host })),
          ),
          await x509.AuthorityKeyIdentifierExtension.create(keys.publicKey),
        ],
      });
      return issued.toString('pem');
    },
  };
}

/** Makes the key pair of a node. */
export async function makeNodeKeys(): Promise<{
  readonly publicKey: webcrypto.CryptoKey;
  readonly privateKey: string;
}> {
  const { publicKey, privateKey } = await webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify']);
  const pkcs8 = await webcrypto.subtle.exportKey('pkcs8', privateKey);
  return { publicKey, privateKey: x509.PemConverter.encode(pkcs8, 'PRIVATE KEY') };
}

/** Order of the group of P-256 (SEC 2, section 2.4.2): private keys are from 1 up to it. */
const groupOrder = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n;

/**
 * HKDF (RFC 5869) to 384 bits, brought into the range of private keys as FIPS 186-5, appendix A.2.1 has it: with so many
 * bits to spare no key is likelier than another.
 */
async function deriveKeys(clusterToken: string): Promise<webcrypto.CryptoKeyPair> {
  const bytes = hkdfSync('sha256', clusterToken, 'micro server', 'cluster certificate authority, version 1', 48);
  const number = (BigInt(`0x${Buffer.from(bytes).toString('hex')}`) % (groupOrder - 1n)) + 1n;
  const secret = Buffer.from(number.toString(16).padStart(64, '0'), 'hex');
  const curve = createECDH('prime256v1');
  curve.setPrivateKey(secret);
  // Uncompressed: 0x04, x, y (SEC 1, section 2.3.3).
  const point = curve.getPublicKey();
  const [x, y] = [point.subarray(1, 33).toString('base64url'), point.subarray(33).toString('base64url')];
  const open = { kty: 'EC', crv: 'P-256', x, y };
  const { subtle } = webcrypto;
  return {
    publicKey: await subtle.importKey('jwk', open, algorithm, true, ['verify']),
    privateKey: await subtle.importKey('jwk', { ...open, d: secret.toString('base64url') }, algorithm, false, ['sign']),
  };
}

/** Positive, and 127 bits of chance (RFC 5280, section 4.1.2.2). */
function randomSerialNumber(): string {
  const bytes = randomBytes(16);
  bytes[0] = ((bytes[0] ?? 0) & 0x3f) | 0x40;
  return bytes.toString('hex');
}
