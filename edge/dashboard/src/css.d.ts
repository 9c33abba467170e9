// The bundler takes style sheets; the type checker only has to know that they may be imported.
declare module "*.css";
