/**
 * One pod's way to its node: a veth pair, with all addresses, routes and neighbours on both ends. Plans are pure values;
 * {@link io.towpath.cni.wiring.LinkSetup} and {@link io.towpath.cni.wiring.LinkRemoval} carry them out.
 */
@NullMarked
package io.towpath.cni.wiring;

import org.jspecify.annotations.NullMarked;
