/** Name and password of a user, and the project to work in; all of the domain Default. */
export interface Credentials {
  readonly username: string;
  readonly password: string;
  readonly projectName: string;
}
