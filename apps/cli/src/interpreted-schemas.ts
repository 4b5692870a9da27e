import { config } from "zod";

// Imported before any schema is made. Zod would compile each one to code of its own, which pays for many values and
// not for the few of a command.
config({ jitless: true });
