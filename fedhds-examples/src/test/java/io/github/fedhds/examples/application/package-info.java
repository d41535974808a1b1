/** What an application would copy: a Spring Boot application and one with LangChain4j (page "In an application"). */
@NullMarked
package io.github.fedhds.examples.application;

import org.jspecify.annotations.NullMarked;
