// The claims that carry what Lockstep writes into Clerk's public metadata. To add them, in Clerk's
// dashboard choose Sessions > Customize session token:
//
//   {"plan": "{{user.public_metadata.plan}}", "billing": "{{user.public_metadata.billing}}"}
export {};

declare global {
  interface CustomJwtSessionClaims {
    plan?: string | null;
    billing?: {
      active: boolean;
      status: string;
      features?: string[];
      until?: number; // Unix seconds
      ending?: boolean;
    } | null;
  }
}
