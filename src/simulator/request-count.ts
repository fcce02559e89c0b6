/** How often each service was asked, by whose token; reading and changing alike. */
export class RequestCount {
  private readonly counts = new Map<string, Map<string, number>>();

  /** @param service first part of its path, e.g. `compute` */
  add(service: string, projectId: string | undefined): void {
    const project = projectId ?? '';
    const own = this.counts.get(project) ?? new Map<string, number>();
    own.set(service, (own.get(service) ?? 0) + 1);
    this.counts.set(project, own);
  }

  of(projectId: string, service: string): number {
    return this.counts.get(projectId)?.get(service) ?? 0;
  }
}
