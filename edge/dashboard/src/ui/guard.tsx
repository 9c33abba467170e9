// A body that is not what its type says must not take the page with it: a sentence stands in the screen's place, until the
// next body.

import { Component, type ComponentChildren, type JSX } from "preact";
import { Absent } from "./parts.tsx";

const NEVER: unknown = Symbol("never");

interface Props {
  /** What is shown; with the next one it is tried again. */
  readonly of: unknown;
  readonly children: ComponentChildren;
}

/** Its children, or a sentence when they cannot be drawn. */
export class Guard extends Component<Props, { readonly failedOn: unknown }> {
  override state = { failedOn: NEVER };

  override componentDidCatch(): void {
    this.setState({ failedOn: this.props.of });
  }

  override render({ of, children }: Props): JSX.Element {
    if (this.state.failedOn === of) return <Absent>What the server sent cannot be shown here.</Absent>;
    return <>{children}</>;
  }
}
