import { execFileSync } from 'node:child_process'
import { join } from 'node:path'

export interface CertificatePaths {
  readonly keyPath: string
  readonly certificatePath: string
}

export function certificatePathsIn(folder: string): CertificatePaths {
  return { keyPath: join(folder, 'key.pem'), certificatePath: join(folder, 'certificate.pem') }
}

/** A key and its certificate for two days, made by openssl. @throws {Error} when there is no openssl */
export function writeCertificate(folder: string): CertificatePaths {
  const paths = certificatePathsIn(folder)
  const request = ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2']
  const files = ['-keyout', paths.keyPath, '-out', paths.certificatePath]
  execFileSync('openssl', [...request, '-subj', '/CN=localhost', ...files], { stdio: 'ignore' })
  return paths
}
