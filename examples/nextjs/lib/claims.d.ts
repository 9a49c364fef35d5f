// What Lockstep writes into Clerk's public metadata, as the session token carries
// it. In Clerk's dashboard, Sessions > Customize session token:
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
